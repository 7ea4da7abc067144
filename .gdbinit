# .gdbinit - gdb on the running kernel, from the first instruction in real mode to a user program.
# Started by `make debug` (tools/debug.sh), which sets $drupe_port.

set pagination off
set confirm off
set disassembly-flavor intel
python
import os, sys
sys.path.insert(0, os.path.join(os.getcwd(), "tools"))
import drupe_gdb
end
drupe connect

#include "usertests.h"
const struct test fpu_tests[1], isolation_tests[1], fault_tests[1];
const struct role fpu_roles[1], isolation_roles[1];

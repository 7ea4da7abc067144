#include "usertests.h"
const struct test isolation_tests[1], fault_tests[1];
const struct role isolation_roles[1];

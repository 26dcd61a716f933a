#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print 'N passed, N failed, N skipped' for a Meson test run.

Counts the test cases inside each program (TAP), not the programs.  Exit
status 1 when anything failed or nothing ran.
"""
import sys
import xml.etree.ElementTree as tree


def main():
    passed = failed = skipped = 0
    for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            print("failed: %s %s" % (case.get("classname"), case.get("name")))
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    sys.exit(1 if failed or not passed else 0)


main()

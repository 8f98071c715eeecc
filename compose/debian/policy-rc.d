#!/bin/sh
# No server is started while packages are installed.
exit 101

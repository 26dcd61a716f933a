#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds for fuzz_sp_command and fuzz_sp_message: one per command in the state
where it does most, one per message type.  usage: make_sp_corpus.py FOLDER"""
import os
import struct
import sys

# index in the model's table (1-based), state, buffer; see commands_*.c.
COMMANDS = {
    "activate": (18, 1, struct.pack("<II", 1, 2)),
    "update_data": (23, 1, struct.pack("<IIQI", 1, 0, 0x1000, 4096)),
    "measure": (25, 1, struct.pack("<IIQI", 1, 0, 0x8000, 48)),
    "dbg_decrypt": (38, 2, struct.pack("<IIQQI", 1, 0, 0x1000, 0x8000, 64)),
    "launch_start": (22, 1, struct.pack("<IIQIIQI", 0, 4, 0x8000, 0x824, 0,
                                        0x9000, 0x80)),
    "snp_update": (59, 3, struct.pack("<QIIQII", 0x2000, 2, 0, 0x4000, 0, 0)),
    "snp_cpuid": (59, 3, struct.pack("<QIIQII", 0x2000, 12, 0, 0x4000, 0, 0)),
    "snp_finish": (60, 3, struct.pack("<QQQQ32s", 0x2000, 0x8000, 0x9000, 3,
                                      b"")),
    "snp_request": (57, 4, struct.pack("<QQQ", 0x2000, 0x8000, 0x3000)),
    "snp_swap_out": (66, 4, struct.pack("<QQQQQQ", 0x2000, 0x7000, 0x3000, 0,
                                        0, 16)),
    "snp_move": (64, 4, struct.pack("<QIIQQ", 0x2000, 0, 0, 0x7000, 0x4000)),
}
MESSAGES = {
    "cpuid": (1, struct.pack("<IIQ", 1, 0, 0) + bytes(48)),
    "key": (3, bytes(32)),
    "report": (5, bytes(96)),
    "export": (7, struct.pack("<QII", 0x4000, 0, 0)),
    "import": (9, struct.pack("<QII16s", 0x4000, 0x300, 2, b"") + bytes(768)),
    "absorb": (11, struct.pack("<QII16s", 0x4000, 0x300, 2, b"") +
               bytes(768)),
    "vmrk": (13, struct.pack("<Q24s32s", 0x4000, b"", b"k" * 32)),
    "tsc": (17, bytes(128)),
}


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


for name, (index, state, buf) in COMMANDS.items():
    write(os.path.join(sys.argv[1], "sp_command"), name,
          bytes([state, index]) + buf + bytes(32))
for name, (kind, payload) in MESSAGES.items():
    write(os.path.join(sys.argv[1], "sp_message"), name,
          bytes([0, kind, 1, 0, 0]) + payload)

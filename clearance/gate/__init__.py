"""A reference client for gates: a code comes in, a lamp and a barrier go out, with or without the line.

Written to be read by those who build one. It knows nothing of this application but its HTTP interface and,
for judging without the line, the rules of `clearance.rules.offline`. docs/gate.md tells the protocol.

    readers   lines from standard input or a serial reader
    identity  what enrolment gave: address, key, checkpoint, lane
    server    calls over HTTP, and which answers count
    journal   what was read and decided, on disk before anything else happens
    lists     the offline list, kept on disk and kept young
    clock     whether this machine's clock can be trusted
    lane      one lane: decide, show, tell the server later
"""

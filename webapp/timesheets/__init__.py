"""When technicians work: clocking in and out, breaks, corrections, weekly time sheets, and the time of each visit."""

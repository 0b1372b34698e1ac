"""Random courses of files, edits by others, faults and kills, and what must hold at every step of each."""

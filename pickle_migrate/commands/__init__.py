"""The commands of CI, one module each: read options, ask, print, exit."""

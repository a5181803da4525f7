"""The archive: old pickles that are kept, with what wrote them and the state they must give."""

"""Problems as data, exceptions, and the words that both are told in."""

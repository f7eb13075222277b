"""One module for each reference page. Each makes its page from the code and writes nothing."""

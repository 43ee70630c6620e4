"""HTTP, command line, web page. Wiring only: no rule of evidence lives here."""

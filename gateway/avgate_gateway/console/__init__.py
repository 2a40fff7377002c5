"""The console: pages for the people who handle requests.

Every page is made here from the records and can be read without a script; a script only keeps what
is under way up to date. A page that changes something is a form: checked, carried out by the same
functions as the HTTP API, and answered by sending the browser on (303), so that loading again does
nothing twice.
"""

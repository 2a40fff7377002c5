"""`avgate demo`: the gateway and four mocks at work, for people who want to see it first."""

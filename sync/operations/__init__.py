"""What a user can ask for, one module a verb: typed options in, a typed result out. Every face calls these."""

"""The long-term tier: memories as entries of the Git journal, merged back like any store."""

"""The multi-level memory: contexts, tiers, the memory manager, sharing and learning."""

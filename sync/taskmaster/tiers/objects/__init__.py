"""Large values, each under the SHA-256 of its bytes: in a folder, or in a bucket."""

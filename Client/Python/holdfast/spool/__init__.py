"""Files that keep what the server has not acknowledged, shared byte for byte with the other clients."""

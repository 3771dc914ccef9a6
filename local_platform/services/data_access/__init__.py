"""Data Access: files of batches, their bytes, diagnostics of refused data, previews."""

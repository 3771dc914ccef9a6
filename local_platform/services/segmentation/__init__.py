"""Segmentation: audience definitions, evaluation jobs, schedules, previews and estimates."""

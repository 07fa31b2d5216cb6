"""What cells of text mean: numbers, dates, truth values, missing values."""

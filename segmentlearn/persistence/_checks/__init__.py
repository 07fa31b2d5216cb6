"""What an archive may hold, checked before anything is built."""

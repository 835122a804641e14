"""What is no time in turns: peak memory, instructions, and points of a scale, each taken in processes of their own."""

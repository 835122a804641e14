"""Programs that show how parts of the library go together; they are tested like the rest."""

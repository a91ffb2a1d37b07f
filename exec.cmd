@rem The word that package.json puts before a program in place of its shell, which has no meaning on Windows.
@%*

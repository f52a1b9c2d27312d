# Writes OUTPUT, a C file that defines `const char SYMBOL[]` with the bytes of INPUT and a NUL.
# Use: extern const char SYMBOL[];
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x0a,)" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}"
    "/* Written by cmake/embed.cmake. */\nextern const char ${SYMBOL}[];\nconst char ${SYMBOL}[] = {\n${bytes}0};\n")

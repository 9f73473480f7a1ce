# cmake -DINPUT=file -DOUTPUT=file.cpp -DNAME=kName -DHEADER=header.h -P embed_file.cmake
# Writes a C++ file that defines `const std::string_view c4a::NAME` with the input's bytes.
file(READ ${INPUT} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\nnamespace c4a {\nnamespace {\n"
  "constexpr unsigned char kBytes[] = {${bytes}0};\n}\n"
  "const std::string_view ${NAME}(reinterpret_cast<const char*>(kBytes), ${size});\n}\n")

# usage: cmake -DOUT=FILE "-DFILES=A;B" -P CermetKernelTexts.cmake
# Writes a C++ source with the text of each file, by its name.

set(text "#include \"backends/cuda/build/kernel_texts.h\"\n\n#include <array>\n\n#include \"base/error.h\"\n\n")
string(APPEND text "namespace cermet::cuda {\nnamespace {\n\nstruct KernelText {\n")
string(APPEND text "  std::string_view file, text;\n};\n\nconstexpr std::array texts{\n")
foreach(file IN LISTS FILES)
  file(READ "${file}" contents)
  get_filename_component(name "${file}" NAME)
  string(APPEND text "    KernelText{\"${name}\", R\"kernel(${contents})kernel\"},\n")
endforeach()
string(APPEND text "};\n\n}  // namespace\n\nstd::string_view kernel_text(std::string_view file) {\n")
string(APPEND text "  for (const KernelText& text : texts)\n    if (text.file == file) return text.text;\n")
string(APPEND text "  fail(ErrorCode::internal, \"there is no kernel text {}\", file);\n}\n\n")
string(APPEND text "}  // namespace cermet::cuda\n")
file(WRITE "${OUT}" "${text}")

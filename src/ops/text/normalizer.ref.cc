#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <memory>
#include <set>

#include "ops/text/strings.ref.h"
#include "ops/text/utf8.ref.h"

namespace cermet {
namespace {

enum class CaseChange : uint8_t { none, lower, upper };

std::optional<CaseChange> case_change_from(std::string_view name) {
  if (name == "NONE") return CaseChange::none;
  if (name == "LOWER") return CaseChange::lower;
  if (name == "UPPER") return CaseChange::upper;
  return std::nullopt;
}

// Changes the case of one code point at a time. Letters beyond ASCII need a locale of the machine:
// the one asked for, else the C library's own of UTF-8.
class Casing {
 public:
  explicit Casing(const std::string& locale) {
    for (const std::string& name : {locale, locale + ".UTF-8", std::string("C.UTF-8")}) {
      if (name.empty() || locale_) continue;
      locale_.reset(newlocale(LC_CTYPE_MASK, name.c_str(), nullptr));
    }
  }

  std::string changed(const std::string& text, CaseChange change) const {
    if (change == CaseChange::none) return text;
    std::u32string points = decode_utf8(text);
    for (char32_t& point : points) point = changed(point, change);
    return encode_utf8(points);
  }

 private:
  struct Free {
    using pointer = locale_t;
    void operator()(locale_t locale) const { freelocale(locale); }
  };

  char32_t changed(char32_t point, CaseChange change) const {
    const bool lower = change == CaseChange::lower;
    if (point < 0x80) {
      const bool letter = lower ? point >= 'A' && point <= 'Z' : point >= 'a' && point <= 'z';
      return letter ? point ^ 0x20 : point;
    }
    if (!locale_)
      fail(ErrorCode::device,
           "StringNormalizer: this machine has no UTF-8 locale, which letters beyond ASCII need");
    const auto wide = static_cast<wint_t>(point);
    return static_cast<char32_t>(lower ? towlower_l(wide, locale_.get())
                                       : towupper_l(wide, locale_.get()));
  }

  std::unique_ptr<std::remove_pointer_t<locale_t>, Free> locale_;
};

}  // namespace

void infer_string_normalizer(InferContext& context) {
  require_strings(context, 0);
  const std::string change = context.attributes().text("case_change_action", "NONE");
  context.require(case_change_from(change).has_value(),
                  "case_change_action: expected LOWER, UPPER or NONE, got \"{}\"", change);
  if (!context.has_rank(0)) return context.set_output_rank_unknown(0, ElementType::string);
  Dims dims = context.dims(0);
  const bool row = dims.size() == 2 && (!dims[0].is_constant() || dims[0].is_constant(1));
  context.require(dims.size() == 1 || row, "expected a shape [C] or [1, C], got {}",
                  to_string(dims));
  if (row) dims[0] = Dim(1);
  dims.back() = context.new_dim("words");
  context.set_output(0, ElementType::string, std::move(dims));
}

void evaluate_string_normalizer(EvalContext& context) {
  const ConstTensorView& input = context.input(0);
  const Attributes& attributes = context.attributes();
  const CaseChange change = *case_change_from(attributes.text("case_change_action", "NONE"));
  const bool sensitive = attributes.integer("is_case_sensitive", 0) != 0;
  const Casing casing(attributes.text("locale", ""));
  const auto key = [&](const std::string& word) {
    return sensitive ? word : casing.changed(word, CaseChange::lower);
  };
  std::set<std::string> stop_words;
  for (const std::string& word : attributes.texts("stopwords")) stop_words.insert(key(word));
  std::vector<std::string> kept;
  for (int64_t i = 0; i < input.elements(); ++i) {
    const std::string& word = input.as<std::string>()[i];
    if (stop_words.empty() || !stop_words.contains(key(word)))
      kept.push_back(casing.changed(word, change));
  }
  if (kept.empty()) kept.emplace_back();
  Shape shape = input.shape;
  context.require(shape.size() == 1 || (shape.size() == 2 && shape[0] == 1),
                  "expected a shape [C] or [1, C], got {}", to_string(shape));
  shape.back() = static_cast<int64_t>(kept.size());
  const TensorView output = context.output(0, ElementType::string, shape);
  std::move(kept.begin(), kept.end(), output.as<std::string>());
}

}  // namespace cermet

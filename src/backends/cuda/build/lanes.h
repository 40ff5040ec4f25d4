// A tensor as lanes: sets of elements that are reduced, scanned or normalised together.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/operand_memory.h"

namespace cermet::cuda {

// Lanes are numbered in the order of memory, as are the elements of a lane.
class Lanes {
 public:
  // within[d]: dimension d runs through the elements of a lane; the others count lanes.
  Lanes(const Dims& dims, const Layout& layout, const std::vector<bool>& within);

  Dim count() const { return count_; }
  Dim length() const { return length_; }
  // Lanes follow each other in memory, and so do the elements of each.
  bool are_runs() const;
  // outer x length x inner elements: element r of the lane (o, i) lies at (o * length + r) * inner
  // + i. Runs are columns with inner 1.
  bool are_columns() const;
  Dim outer() const;
  Dim inner() const;

  // Dimensions that count lanes, outermost in memory first.
  const std::vector<size_t>& counting() const { return counting_; }

  // Lambdas of the kernel from the number of a lane, or of an element in its lane, to an offset in
  // elements: "const auto NAME = [=](index_t i) -> index_t {...};".
  std::string lane_offset(KernelWriter& writer, std::string_view name) const;
  std::string element_offset(KernelWriter& writer, std::string_view name) const;

 private:
  struct Group {
    bool within;
    Dim size, stride;
  };
  std::string offset(KernelWriter& writer, std::string_view name, bool within) const;

  Dim count_ = 1, length_ = 1;
  std::vector<Group> groups_;  // neighbours in memory of one kind are merged; outermost first
  std::vector<size_t> counting_;
};

// "index_t" for loops over these shapes that step over the end by at most as many elements as there
// are.
std::string index_declaration(std::initializer_list<Dims> shapes);

// Declares index_t PREFIX0, PREFIX1, ... for all dimensions: the coordinates of element `index`
// where the dimensions in `order`, outermost first, are counted through and the others are 0.
std::string declare_coordinates(KernelWriter& writer, std::string_view index, const Dims& dims,
                                std::span<const size_t> order, std::string_view prefix);
std::vector<std::string> coordinate_names(size_t rank, std::string_view prefix);

// The type of the operator's own first result, before an epilogue.
ElementType own_result_type(const Problem& problem);
// Why the epilogue, if there is one, can't be printed behind one result; in words.
std::optional<std::string> rejects_epilogue(const Problem& problem);
// Number of inputs that are the operator's own.
size_t own_input_count(const Problem& problem);
// "const auto result = [=](index_t at, V value) -> T {...};": the element of output 0 that lies
// `at` elements from its start in memory, made of the operator's own result by the epilogue.
std::string element_result(KernelWriter& writer);

// The largest power of two that is at most `most` and divides `size`; 1 where that is not known.
int dividing_pack(const Dim& size, int most);
// Elements in 16 bytes.
int widest_pack(ElementType type);

}  // namespace cermet::cuda

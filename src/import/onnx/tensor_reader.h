// TensorProto and SparseTensorProto to tensors, external data included.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "import/onnx/onnx_model.h"

namespace cermet::onnx {

// Where a model's bytes come from.
class TensorSource {
 public:
  // `owner` keeps the model's bytes alive, or is nothing when they go away after reading.
  TensorSource(std::string folder, std::shared_ptr<void> owner)
      : folder_(std::move(folder)), owner_(std::move(owner)) {}
  // Of a model whose external data `kept` gives.
  explicit TensorSource(KeptTensors kept) : kept_(std::move(kept)) {}

  const std::shared_ptr<void>& owner() const { return owner_; }
  // A range of an external file of the model's folder. Paths that leave the folder, links out of
  // it and ranges outside the file are refused.
  Tensor external(ElementType type, Shape shape, const std::string& location, uint64_t offset,
                  std::optional<uint64_t> length);

 private:
  std::string folder_;
  std::shared_ptr<void> owner_;
  KeptTensors kept_;  // empty: data are in files of the folder
  std::map<std::string, std::shared_ptr<MappedFile>> files_;
};

OnnxTensor read_tensor(std::string_view message, TensorSource& source);
OnnxTensor read_sparse_tensor(std::string_view message, TensorSource& source);

}  // namespace cermet::onnx

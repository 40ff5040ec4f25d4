// The options of a build as an engine keeps them beside its model.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include "cermet/builder.h"
#include "engine/schema_generated.h"

namespace cermet {

flatbuffers::Offset<fb::BuildOptions> encode_options(flatbuffers::FlatBufferBuilder& builder,
                                                     const BuildOptions& options);
// Throws invalid_engine naming the field.
BuildOptions decode_options(const fb::BuildOptions& from);

}  // namespace cermet

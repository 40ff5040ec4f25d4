// Starts to bring the first blocks of depth of a tile: as many as its sums have on their way while
// one is multiplied. multiply_blocks() comes next; before it began all threads were done with the
// stages.
template <class Tile, class Sums, class Left, class Right>
__device__ __forceinline__ void begin_blocks(Left& left, Right& right, int blocks) {
  constexpr int left_bytes = Left::Factor::bytes, stage_bytes = left_bytes + Right::Factor::bytes;
#pragma unroll
  for (int i = 0; i < Sums::ahead; ++i) {
    if (i < blocks) {
      unsigned char* const stage = dynamic_shared_memory + i * stage_bytes;
      left.fetch(stage);
      right.fetch(stage + left_bytes);
      left.put(stage);
      right.put(stage + left_bytes);
    }
    async_commit();
  }
}

// Multiplies `blocks` blocks of depth, of which begin_blocks() has started to bring the first ones:
// tiles of both factors go through Tile::stages places in shared memory, so that Tile::stages - 1
// are on their way while one is multiplied. When it returns, all threads are done with these.
template <class Tile, class Left, class Right, class Sums>
__device__ __forceinline__ void multiply_blocks(Left& left, Right& right, int blocks, Sums& sums) {
  unsigned char* const memory = dynamic_shared_memory;
  constexpr int left_bytes = Left::Factor::bytes, stage_bytes = left_bytes + Right::Factor::bytes;
  static_assert(Tile::stages >= 2, "one is filled while another is read");
  int reading = 0, filling = Tile::stages - 1;
#pragma unroll 1
  for (int i = 0; i < blocks; ++i) {
    async_wait<Tile::stages - 2>();
    __syncthreads();
    const bool more = i + Tile::stages - 1 < blocks;
    unsigned char* const stage = memory + filling * stage_bytes;
    if (more) {
      left.fetch(stage);
      right.fetch(stage + left_bytes);
    }
    async_commit();
    sums.multiply(memory + reading * stage_bytes, memory + reading * stage_bytes + left_bytes);
    if (more) {
      left.put(stage);
      right.put(stage + left_bytes);
    }
    reading = reading + 1 == Tile::stages ? 0 : reading + 1;
    filling = filling + 1 == Tile::stages ? 0 : filling + 1;
  }
  async_wait<0>();
  __syncthreads();
}

// The same, and what is left of the last tile: a Rest has as many `parts`, which finish_part<I>()
// finishes, or finish() all of them.
struct NoRest {
  static constexpr int parts = 0;
};
template <class Tile, class Left, class Right, class Sums, class Rest>
__device__ __forceinline__ void multiply_blocks_with(Left& left, Right& right, int blocks,
                                                     Sums& sums, const Rest& rest) {
  rest.finish();
  multiply_blocks<Tile>(left, right, blocks, sums);
}

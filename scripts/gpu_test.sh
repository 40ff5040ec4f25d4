#!/usr/bin/env bash
# Everything that is tested on a machine with an NVIDIA GPU, in less than eight minutes.
#
#   scripts/gpu_test.sh [PART...]      parts: those of GROUPS below; all of them
#   scripts/gpu_test.sh branches       what branches side by side gain, of three networks
#   scripts/gpu_test.sh families       each family of kernels alone, beside the card's roofs
#   scripts/gpu_test.sh huge           operands of more than 2^31 elements: up to 40 GB of the
#                                      GPU's memory, as much of the machine's, and minutes
#   scripts/gpu_test.sh kernels        needs no GPU: compiles what `unit` and `onnx` want for cards
#                                      of ARCH (sm_90a) and packs it into OUT/kernels.tar.gz, which
#                                      KERNELS=FILE takes on the machine that has the card
#
# Parts of one group run side by side, as they time nothing; groups follow each other. `streams`
# builds what `bench` has compiled the kernels of.
# CERMET_BIN and CERMET_LIB name the folders of programs and libraries (build/release/bin and lib
# else); OUT the folder for logs (./gpu_logs), which gets few files: an archive holds the rest.
# LIMIT_PART=SECONDS sets a part's time, as
# LIMIT_unit=300; MODELS, SOURCES (networks built with NVIDIA's libraries), SANITIZED, UNIT_FILTER,
# ONNX_EVERY and BENCH (arguments of bench/gpu.py) what it does.
# A kernel's cases are taken by pairs of their properties (tests/cuda/case_choice.h);
# CERMET_CASES=all takes all of them, and CERMET_THOROUGH=1 those with every configuration, for which
# LIMIT_unit is too little.
# The last lines are a summary with each part's time; exit status 1 where a part failed.
# shellcheck disable=SC2317 # parts are called by name
set -uo pipefail
cd "$(dirname "$0")/.." || exit

export CERMET_BIN=${CERMET_BIN:-$PWD/build/release/bin}
export CERMET_LIB=${CERMET_LIB:-$PWD/build/release/lib}
CERMET_BIN=$(realpath "$CERMET_BIN") CERMET_LIB=$(realpath "$CERMET_LIB")
OUT=$(realpath -m "${OUT:-gpu_logs}")
WORK=${WORK:-$(mktemp -d)} # engines, networks and compiled kernels, too large for the logs
LOGS=$WORK/logs
PYTHON=${PYTHON:-python3}
JOBS=${CERMET_JOBS:-$(nproc)}
MODELS=${MODELS:-tiny,mobilenet_v2,resnet50,bert_base,yolo}
UNIT_FILTER=${UNIT_FILTER:--Emulator*:CudaCublasLt*:CudaCudnn*:CudaHuge*}
# Tests of their suites run in processes of their own, and first, as they compile the most.
LONG_SUITES=${LONG_SUITES:-Attention|Byte|Convolution|FewChannels|Float8|Gemm|Movement|Normalization|Pooling|Random|Recurrent|Reduction|Winograd}
SANITIZED=${SANITIZED:-Enqueue*:CudaSoftmax*:CudaGemm*:CudaAttention*:CudaReduction*:CudaPooling*:CudaDepthwise*}
BENCH=${BENCH:---rows resnet50,mobilenet_v2,bert_base --batches 1,32 --modes eager,graph --seconds 0.5 --tuning-budget 5 --no-rebuild}
SOURCES=${SOURCES:-tiny,resnet50,bert_base}
SOURCES_TYPES=${SOURCES_TYPES:-fp16}
ONNX_EVERY=${ONNX_EVERY:-1} # of so many of ONNX's cases one
ARCH=${ARCH:-sm_90a} # of the part `kernels`
KERNEL_TESTS=${KERNEL_TESTS:-Cuda*-CudaLimits*:CudaHuge*:CudaCublasLt*:CudaCudnn*}
declare -A LIMITS=([env]=15 [unit]=140 [onnx]=140 [errors]=100 [models]=120 [sanitizer]=100 [sources]=80
  [streams]=50 [bench]=55 [branches]=90 [families]=200
  [huge]=480 [kernels]=3600)
GROUPS_OF_ALL=("env" "unit onnx" "models errors sanitizer" "sources" "bench" "streams")
GROUPS_BY_NAME=("${GROUPS_OF_ALL[@]}" "branches" "families" "huge" "kernels")

mkdir -p "$LOGS" "$OUT"
export LD_LIBRARY_PATH=$CERMET_LIB${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export CERMET_KERNEL_CACHE=${CERMET_KERNEL_CACHE:-$WORK/kernels}
export CERMET_CASES=${CERMET_CASES:-pairs}
export PYTHONUNBUFFERED=1

# A library of NVIDIA's, from the toolkit or from beside PyTorch: find_library PATTERN WHEEL...
# shellcheck disable=SC2231 # the file's name is a pattern
find_library() {
  local site file=$1 wheel
  shift
  site=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' 2>/dev/null)
  for found in /usr/local/cuda*/lib64/$file; do
    [[ -e $found ]] && echo "$found" && return
  done
  for wheel in "$@"; do
    for found in "$site"/nvidia/"$wheel"/lib/$file; do
      [[ -e $found ]] && echo "$found" && return
    done
  done
}
# Empty: Cermet looks for it.
export CERMET_NVRTC=${CERMET_NVRTC:-$(find_library 'libnvrtc.so.1[0-9]' cu13 cuda_nvrtc)}
export CERMET_CUBLASLT=${CERMET_CUBLASLT:-$(find_library 'libcublasLt.so.1[0-9]' cu13 cublas)}
export CERMET_CUDNN=${CERMET_CUDNN:-$(find_library 'libcudnn.so.9' cudnn cu13)}

part_env() {
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,temperature.gpu --format=csv
  echo "programs $CERMET_BIN, NVRTC ${CERMET_NVRTC:-not found}, $JOBS cores"
  echo "cuBLASLt ${CERMET_CUBLASLT:-not found}, cuDNN ${CERMET_CUDNN:-not found}"
  "$CERMET_BIN/cermet" --version && "$CERMET_BIN/cermet" devices
  "$PYTHON" -c 'import torch; print("PyTorch", torch.__version__, torch.cuda.get_device_name(0))'
}

# The tests of a filter by lines of which each is run by one process, in this order: those of
# LONG_SUITES one by one, those of other suites together.
unit_items() {
  "$CERMET_BIN/test_cuda" --gtest_list_tests --gtest_filter="$1" |
    sed -e '/^Running main/d' -e 's/ *#.*//' |
    awk -v long="$LONG_SUITES" '
      /^[^ ]/ { suite = $1; next }
      suite ~ long { print suite $1; next }
      !(suite in whole) { order[count++] = suite; whole[suite] = suite $1; next }
      { whole[suite] = whole[suite] ":" suite $1 }
      END { for (i = 0; i < count; i++) print whole[order[i]] }'
}

# test_cuda on one item of the list, until UNIT_END.
unit_item() {
  local item=${1%%:*} status left=$((UNIT_END - EPOCHSECONDS))
  local log=$WORK/unit/${item//[^A-Za-z0-9]/_}.txt
  timeout $((left > 0 ? left : 1)) "$CERMET_BIN/test_cuda" --gtest_filter="$1" --gtest_brief=0 \
    >"$log" 2>&1
  status=$?
  grep -q 'test suites\? ran\.' "$log" ||
    echo "$item did not end ($status): $(grep '^\[ RUN' "$log" | tail -1)" >>"$log"
  return "$status"
}

# Processes take the next item when they have done with one.
part_unit() {
  local status
  export UNIT_END=$((EPOCHSECONDS + $1))
  rm -rf "$WORK/unit" && mkdir -p "$WORK/unit"
  unit_items "$UNIT_FILTER" >"$WORK/unit.items"
  [[ -s $WORK/unit.items ]] || { echo "no test has a name like '$UNIT_FILTER'" && return 1; }
  # shellcheck disable=SC2016 # the inner shell's
  xargs -P "$JOBS" -d '\n' -n 1 bash -c 'unit_item "$0"' <"$WORK/unit.items"
  status=$?
  cat "$WORK"/unit/*.txt >"$LOGS/unit.full.txt"
  grep -hE '^\[  FAILED  \] [A-Za-z]+\.|Failure$|did not end' "$LOGS/unit.full.txt" | sort -u | head -40
  echo "longest: $(grep -hoE '^\[ +(OK|FAILED) \] .*\([0-9]+ ms\)' "$LOGS/unit.full.txt" |
    sed -E 's/.*\] (.*) \(([0-9]+) ms\)/\2 ms \1/' | sort -rn | head -5 | paste -sd';')"
  echo "$(grep -c '^\[       OK' "$LOGS/unit.full.txt") tests passed," \
    "$(grep -cE '^\[  FAILED  \] .*ms\)' "$LOGS/unit.full.txt") failed," \
    "$(grep -c 'did not end' "$LOGS/unit.full.txt") of $(wc -l <"$WORK/unit.items") processes did not end"
  return $((status > 0))
}

# ONNX's own cases, where the package has them (1.22.0; later ones don't).
part_onnx() {
  "$PYTHON" tests/conformance/conformance_test.py --build-dir "$(dirname "$CERMET_BIN")" \
    --device cuda --jobs "$JOBS" --every "$ONNX_EVERY" --seconds $(($1 - 15))
  local status=$?
  ((status == 77)) && return 0
  return "$status"
}

part_huge() {
  CERMET_HUGE=1 "$CERMET_BIN/test_cuda" --gtest_filter='*CudaHuge*' 2>&1 |
    grep -vE '^\[ RUN|^\[-|^$'
  return "${PIPESTATUS[0]}"
}

# Each family of kernels alone, beside the card's roofs. All cores compile them first.
part_families() {
  local bench=$CERMET_BIN/cermet_cuda_bench architecture
  architecture=$("$CERMET_BIN/cermet" devices --json | "$PYTHON" -c \
    'import json, sys; print(json.load(sys.stdin)["devices"][1]["architecture"])') || return
  "$bench" --families --compile "$architecture" && "$bench" --families
}

part_errors() { "$PYTHON" tests/gpu/errors_test.py --folder "$WORK/errors"; }

part_streams() { "$PYTHON" tests/gpu/streams_test.py --folder "$WORK/models" --tuning-budget 3; }

part_branches() { "$PYTHON" tests/gpu/branches_test.py --folder "$WORK/models"; }

# One process a network. Kernels of `tiny` are measured, the others chosen by estimates: measured
# ones are compared with PyTorch in `bench`.
part_models() {
  local failed=0 name i pids=() names=()
  IFS=, read -ra names <<<"$MODELS"
  for name in "${names[@]}"; do
    "$PYTHON" tests/gpu/models_test.py --models "$name" --folder "$WORK/models" --measured tiny \
      --jobs $(((JOBS + ${#names[@]} - 1) / ${#names[@]})) >"$WORK/models.$name.txt" 2>&1 &
    pids+=($!)
  done
  for i in "${!pids[@]}"; do
    wait "${pids[i]}" || failed=$((failed + 1))
    cat "$WORK/models.${names[i]}.txt"
  done
  echo "$failed of ${#names[@]} networks failed"
  return $((failed > 0))
}

# Kernels of cuBLASLt and cuDNN: one by one, and in networks beside our own.
part_sources() {
  local failed=0
  timeout "$1" "$CERMET_BIN/test_cuda" --gtest_filter='CudaCublasLt*:CudaCudnn*' --gtest_brief=1 ||
    failed=1
  "$PYTHON" tests/gpu/sources_test.py --models "$SOURCES" --types "$SOURCES_TYPES" --budget 3 \
    --folder "$WORK/models" || failed=1
  cp "$WORK"/models/*-sources.txt "$LOGS" 2>/dev/null
  return "$failed"
}

# One checker beside the other, each in several processes; what its time ended has found nothing
# until then.
part_sanitizer() {
  local failed=0 tool shard shards=$(((JOBS + 3) / 4)) pids=() tools=(memcheck racecheck initcheck synccheck)
  if ! command -v compute-sanitizer >/dev/null; then
    echo "compute-sanitizer is not here: left out"
    return 0
  fi
  for tool in "${tools[@]}"; do
    for ((shard = 0; shard < shards; shard++)); do
      GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard timeout -s INT -k 5 $(($1 - 10)) \
        compute-sanitizer --tool "$tool" --error-exitcode 99 --report-api-errors no \
        --print-limit 20 "$CERMET_BIN/test_cuda" --gtest_filter="$SANITIZED" \
        >"$WORK/sanitizer.$tool.$shard.txt" 2>&1 &
      pids+=($!)
    done
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  for tool in "${tools[@]}"; do
    local log=$LOGS/sanitizer.$tool.txt errors
    cat "$WORK/sanitizer.$tool".*.txt >"$log"
    errors=$(grep -v SUMMARY "$log" |
      grep -cE '^=+ (Error|Invalid|Uninitialized|Barrier|Race|.*hazard|Program hit)')
    echo "$tool: $(grep -c '^\[       OK' "$log") tests, $errors reports;" \
      "$(grep -c 'test suites\? ran\.' "$log") of $shards processes ended;" \
      "$(grep -E 'ERROR SUMMARY|RACECHECK SUMMARY' "$log" | sort | uniq -c | tail -1)"
    ((errors > 0)) && failed=1 && grep -m 6 -A 4 -E '^=+ (Error|Invalid|Uninit|Barrier|Race)' "$log"
    grep -m 5 '^\[  FAILED' "$log" && failed=1
  done
  return "$failed"
}

part_bench() {
  # shellcheck disable=SC2086 # several arguments
  "$PYTHON" bench/gpu.py $BENCH --total-limit "$(($1 - 5))" --out "$WORK/bench"
  local status=$?
  cp "$WORK"/bench/{results.json,report.md,picture.png,picture.svg} "$LOGS" 2>/dev/null
  tail -c 4000 "$WORK/bench/log.txt" >"$LOGS/bench.log.txt" 2>/dev/null
  return "$status"
}

# The kernels that `unit` and `onnx` want, without a card: ONNX's cases are built and not run.
part_kernels() {
  local failed=0
  export CERMET_KERNEL_CACHE=$WORK/packed CERMET_COMPILE_FOR=$ARCH
  mkdir -p "$CERMET_KERNEL_CACHE"
  UNIT_FILTER=$KERNEL_TESTS part_unit "$1" || failed=1
  "$PYTHON" tests/conformance/conformance_test.py --build-dir "$(dirname "$CERMET_BIN")" \
    --device cuda --arch "$ARCH" --arch "compute_${ARCH//[^0-9]/}" --build-only --jobs "$JOBS" \
    --every "$ONNX_EVERY" >"$LOGS/kernels.onnx.txt" || failed=1
  tail -1 "$LOGS/kernels.onnx.txt"
  tar -czf "$OUT/kernels.tar.gz" -C "$CERMET_KERNEL_CACHE" .
  echo "$(find "$CERMET_KERNEL_CACHE" -type f | wc -l) kernels for $ARCH in $OUT/kernels.tar.gz," \
    "$(du -m "$OUT/kernels.tar.gz" | cut -f1) MiB"
  return "$failed"
}

# A part's output goes to its log; its limit ends it with all that it started. What became of it is
# a line in $WORK/verdicts.
run_part() {
  local part=$1 limit=LIMIT_$1 start=$EPOCHSECONDS status verdict=ok
  limit=${!limit:-${LIMITS[$part]}}
  timeout -k 5 $((limit + 5)) bash -c "$FUNCTIONS; part_$part $limit" >"$LOGS/$part.txt" 2>&1
  status=$?
  ((status == 124 || status == 137)) && verdict="TIME IS UP"
  ((status != 0)) && [[ $verdict == ok ]] && verdict=FAILED
  printf '%-10s %-10s %4d of %4d s  %s\n' "$part" "$verdict" $((EPOCHSECONDS - start)) "$limit" \
    "$(grep -v '^|' "$LOGS/$part.txt" | grep . | tail -1 | cut -c1-150)" >>"$WORK/verdicts"
  [[ $verdict == ok ]]
}

# Parts side by side. One by itself also goes to the terminal as it comes.
run_group() {
  local part pids=() start=$EPOCHSECONDS
  echo "=== $*"
  for part in "$@"; do
    run_part "$part" &
    pids+=($!)
  done
  (($# == 1)) && touch "$LOGS/$1.txt" && tail -n +1 -f --pid="${pids[0]}" "$LOGS/$1.txt" 2>/dev/null
  for pid in "${pids[@]}"; do wait "$pid" || STATUS=1; done
  if (($# > 1)); then
    for part in "$@"; do
      echo "--- $part"
      cat "$LOGS/$part.txt"
    done
    echo "$* side by side: $((EPOCHSECONDS - start)) s" >>"$WORK/verdicts"
  fi
  keep_logs
}

# After each group, as nobody knows whether the machine stays for the next.
keep_logs() {
  cp "$WORK/verdicts" "$OUT/summary.txt"
  tar -czf "$OUT/logs.tar.gz" -C "$LOGS" .
  cp "$LOGS"/{report.md,results.json,picture.png} "$OUT" 2>/dev/null
}

export LOGS OUT WORK PYTHON JOBS ONNX_EVERY MODELS SOURCES SOURCES_TYPES UNIT_FILTER LONG_SUITES \
  SANITIZED BENCH ARCH KERNEL_TESTS
export -f unit_item
FUNCTIONS=$(declare -f)

wanted=("$@")
(($# > 0)) || read -ra wanted <<<"${GROUPS_OF_ALL[*]}"
for part in "${wanted[@]}"; do
  if [[ -z ${LIMITS[$part]:-} ]]; then
    echo "there is no part '$part'; parts: ${GROUPS_BY_NAME[*]}" >&2
    exit 2
  fi
done
if [[ -n ${KERNELS:-} ]]; then
  mkdir -p "$CERMET_KERNEL_CACHE" && tar -xzf "$KERNELS" -C "$CERMET_KERNEL_CACHE" || exit 2
fi

STATUS=0
: >"$WORK/verdicts"
for group in "${GROUPS_BY_NAME[@]}"; do
  chosen=()
  for part in $group; do
    [[ " ${wanted[*]} " == *" $part "* ]] && chosen+=("$part")
  done
  ((${#chosen[@]} > 0)) && run_group "${chosen[@]}"
done
printf '\n=== summary, %d s, logs in %s\n' $SECONDS "$OUT"
cat "$WORK/verdicts"
exit $STATUS

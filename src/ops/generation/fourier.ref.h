// Discrete Fourier transforms.
#pragma once

#include <complex>
#include <vector>

#include "ops/operator.ref.h"

namespace cermet {

void infer_dft(InferContext& context);
void infer_stft(InferContext& context);

void evaluate_dft(EvalContext& context);
void evaluate_stft(EvalContext& context);

// y[k] = sum over n of x[n] exp(-2 pi i k n / N), with the other sign and divided by N when
// inverse. N is the size of x; any size will do, products of small primes are fast.
std::vector<std::complex<double>> fourier_transform(const std::vector<std::complex<double>>& x,
                                                    bool inverse);

}  // namespace cermet

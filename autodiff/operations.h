// The whole vocabulary.
#pragma once

#include "autodiff/operations/activations.h"
#include "autodiff/operations/arithmetic.h"
#include "autodiff/operations/dropout.h"
#include "autodiff/operations/indexing.h"
#include "autodiff/operations/matmul.h"
#include "autodiff/operations/reductions.h"
#include "autodiff/operations/shaping.h"
#include "autodiff/operations/softmax.h"

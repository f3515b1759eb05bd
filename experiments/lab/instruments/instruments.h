// All instruments; instruments() of experiments/lab/instrument.h has them by name.
#pragma once

#include "experiments/lab/instruments/activations.h"
#include "experiments/lab/instruments/eigendirections.h"
#include "experiments/lab/instruments/gradient.h"
#include "experiments/lab/instruments/memory.h"
#include "experiments/lab/instruments/noise_scale.h"
#include "experiments/lab/instruments/parameters.h"
#include "experiments/lab/instruments/path.h"
#include "experiments/lab/instruments/sharpness.h"
#include "experiments/lab/instruments/spectrum.h"
#include "experiments/lab/instruments/trace.h"
#include "experiments/lab/instruments/update.h"

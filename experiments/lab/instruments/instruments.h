// All instruments; instruments() of experiments/lab/instrument.h has them by name.
#pragma once

#include "experiments/lab/instruments/sharpness.h"

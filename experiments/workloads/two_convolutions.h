// Two convolutions and two dense layers, [batch, pixels] -> [batch, outputs]. Schneider et al. (2019).
#pragma once

#include "experiments/workloads/model.h"
#include "nn/layers.h"

namespace gradus::workloads {

struct TwoConvolutions {
  static ModelDescription describe() { return {"2c2d", {}, {}}; }

  // 'same' pooling as in TensorFlow: a last window may stand over the edge. The maximum comes before the rectifier: the
  // same function and derivative, with a quarter of the rectifier's work.
  nn::Sequential make(const Task& task) const {
    const Shape image = image_of("2c2d", task);
    const nn::Conv2d::Options same{.padding = same_padding()};
    const nn::MaxPool2d half{{2, 2}, {2, 2}, same_padding()};
    const std::int64_t pixels = ((image[0] + 3) / 4) * ((image[1] + 3) / 4);
    return {nn::Unflatten{image},
            nn::Conv2d{image[2], 32, {5, 5}, same},
            half,
            nn::Relu{},
            nn::Conv2d{32, 64, {5, 5}, same},
            half,
            nn::Relu{},
            nn::Flatten{},
            nn::Linear{pixels * 64, 1024},
            nn::Relu{},
            nn::Linear{1024, task.outputs}};
  }
};

}  // namespace gradus::workloads

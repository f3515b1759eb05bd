// A network by name, and its numbers as options of a program.
//
// A model is a plain aggregate with defaults, whose members are described once, in fields():
//
//   struct Mlp {
//     static constexpr const char* name = "mlp";
//     static constexpr const char* summary = "...";
//     std::vector<std::int64_t> hidden = {128};
//     std::string activation = "relu";
//     void fields(const FieldVisitor& field) {
//       field("hidden", hidden, "units of the layers between, e.g. 256,128");
//       field("activation", activation, "between the layers", lab::one_of(activations().names()));
//     }
//     nn::Sequential make(const Task& task) const;
//   };
//
// C++ writes Mlp{.activation = "tanh"}.make(task); a program that offers a choice calls choose_model().
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "experiments/lab/run.h"
#include "nn/sequential.h"

namespace gradus::workloads {

// What a model is made for.
struct Task {
  Shape input;  // of one example: [pixels], [height, width], [height, width, channels], [time, features], ...
  std::int64_t outputs = 0;  // numbers for one example, or for one position of it; of tokens: how many different ones
};
// Images [height, width] and their classes.
Task classification(const lab::Dataset& data);

// Makes an option of each member that it is shown, with the member's value as its default, and gives the member its
// value.
class FieldVisitor {
 public:
  explicit FieldVisitor(lab::Run& run) : run_(run) {}
  void operator()(const char* name, std::int64_t& value, const char* help, const lab::Check& check) const;
  void operator()(const char* name, double& value, const char* help, const lab::Check& check) const;
  void operator()(const char* name, std::string& value, const char* help, const lab::Check& check) const;
  // Sizes of layers, each at least 1: "256,128". Fewer than `at_least` are refused.
  void operator()(const char* name, std::vector<std::int64_t>& value, const char* help, std::size_t at_least = 0) const;

 private:
  lab::Run& run_;
};

// Any of the models, with its values.
class Model {
 public:
  template <class M>
  requires(!std::same_as<M, Model>) Model(M model)  // NOLINT: written as Mlp{} where a model is asked for
      : name(M::name), summary(M::summary), self_(std::make_shared<Holder<M>>(std::move(model))) {}

  // This model with the values that the run's options give it; each of its members becomes one.
  Model with_options(lab::Run& run) const { return Model(name, summary, self_->with_options(run)); }
  // Throws std::invalid_argument where the task does not fit.
  nn::Sequential make(const Task& task) const { return self_->make(task); }

  std::string name, summary;

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual std::shared_ptr<const Interface> with_options(lab::Run& run) const = 0;
    virtual nn::Sequential make(const Task& task) const = 0;
  };
  template <class M>
  struct Holder final : Interface {
    explicit Holder(M value) : model(std::move(value)) {}
    std::shared_ptr<const Interface> with_options(lab::Run& run) const override {
      M chosen = model;
      chosen.fields(FieldVisitor(run));
      return std::make_shared<Holder>(std::move(chosen));
    }
    nn::Sequential make(const Task& task) const override { return model.make(task); }
    M model;
  };
  Model(std::string its_name, std::string its_summary, std::shared_ptr<const Interface> self)
      : name(std::move(its_name)), summary(std::move(its_summary)), self_(std::move(self)) {}

  std::shared_ptr<const Interface> self_;
};

}  // namespace gradus::workloads

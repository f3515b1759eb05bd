// A network by name, and its numbers as options of a program.
//
// A model is one file: a plain aggregate with defaults, whose members are described once (mlp.h is one), and a line in
// models.cpp. C++ writes Mlp{.activation = "tanh"}.make(task); a program that offers a choice calls choose_model().
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiments/lab/run.h"
#include "experiments/lab/workload.h"
#include "nn/sequential.h"
#include "settings/field.h"

namespace gradus::workloads {

using lab::Task;

// For a model's make(): "model NAME: examples of [784], expected [time] tokens".
[[noreturn]] void refuse_task(std::string_view model, const Task& task, std::string_view expected);
// Rows of pixels as images [height, width, channels]; refuses other tasks.
Shape image_of(std::string_view model, const Task& task);

// A member that is a list of layers' sizes, each at least 1: "256,128".
struct SizesField {
  std::string_view name;
  std::size_t at_least;  // so many sizes
  std::string_view help;
  std::vector<std::int64_t>& (*of)(void* model);
};
template <auto Member>
SizesField sizes(std::size_t at_least, std::string_view help) {
  using M = decltype(settings::detail::owner_of(Member));
  return {settings::detail::name_of<Member>(), at_least, help,
          [](void* model) -> std::vector<std::int64_t>& { return static_cast<M*>(model)->*Member; }};
}

// A member that is the name of one of a catalogue's entries.
template <auto Member, const auto& (*catalogue)()>
settings::Field named(std::string_view help) {
  using M = decltype(settings::detail::owner_of(Member));
  settings::Field field{settings::detail::name_of<Member>(),
                        {settings::Range::Kind::choice, 0, static_cast<double>(catalogue().size()) - 1},
                        help};
  for (const auto& entry : catalogue()) field.range.choices.push_back(entry.name);
  field.get = [](const void* model) {
    const auto& entry = catalogue().find(static_cast<const M*>(model)->*Member);
    return static_cast<double>(&entry - &catalogue().front());
  };
  field.set = [](void* model, double at) {
    static_cast<M*>(model)->*Member = (&catalogue().front())[static_cast<std::size_t>(at)].name;
  };
  return field;
}

struct ModelDescription {
  std::string_view name;
  std::vector<SizesField> sizes;
  std::vector<settings::Field> fields;
};

// Any of the models, with its values.
class Model {
 public:
  // Throws std::logic_error for a model with a member that it does not describe.
  template <class M>
  requires(!std::same_as<M, Model>) Model(M model)  // NOLINT: written as Mlp{} where a model is asked for
      : Model(std::make_shared<Holder<M>>(std::move(model)), settings::member_count<M>) {}

  // This model with the values that the run's options give it; each of its members becomes one.
  Model with_options(lab::Run& run) const;
  // Throws std::invalid_argument where the task does not fit.
  nn::Sequential make(const Task& task) const { return self_->make(task); }

  std::string name;

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual ModelDescription describe() const = 0;
    virtual std::shared_ptr<Interface> clone() const = 0;
    virtual void* values() = 0;
    virtual nn::Sequential make(const Task& task) const = 0;
  };
  template <class M>
  struct Holder final : Interface {
    explicit Holder(M value) : model(std::move(value)) {}
    ModelDescription describe() const override { return M::describe(); }
    std::shared_ptr<Interface> clone() const override { return std::make_shared<Holder>(model); }
    void* values() override { return &model; }
    nn::Sequential make(const Task& task) const override { return model.make(task); }
    M model;
  };
  Model(std::shared_ptr<Interface> self, std::size_t members);

  std::shared_ptr<Interface> self_;
};

}  // namespace gradus::workloads

// Which of SGD, Adam and RMSprop trains a small dense network better? This program trains one network with one
// optimizer and one seed; the sweep beside it asks the question.
#include "experiments/lab/train.h"
#include "experiments/workloads/fashion_mlp.h"
#include "experiments/workloads/workloads.h"

using namespace gradus;

namespace {

// Keras' defaults, which the comparison started from.
const std::vector<lab::MethodDefaults> keras = {
    {"sgd", {{"learning_rate", 0.01}}},
    {"adam", {{"learning_rate", 0.001}, {"epsilon", 1e-7}}},
    {"adamw", {{"learning_rate", 0.001}, {"epsilon", 1e-7}}},
    {"rmsprop", {{"learning_rate", 0.001}, {"rho", 0.9}, {"epsilon", 1e-7}}}};

}  // namespace

int main(int argc, char** argv) {
  return lab::main("optimizer_comparison", "Trains a dense network on images with one optimizer and one seed.", argc,
                   argv, [](lab::Run& run) {
                     // As Keras' tutorial does it, the whole training set is trained on.
                     const lab::Workload workload =
                         workloads::choose(run, workloads::FashionMlp{.validation_examples = 0});
                     const auto optimizer = run.optimizer("sgd", keras);
                     lab::train(run, workload, optimizer, lab::plan_of_options(run, workload.plan));
                   });
}

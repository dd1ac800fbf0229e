// Runs a model file on an inputs file and prints the final hidden state: forward MODEL INPUTS
#include <exception>
#include <iostream>
#include <vector>

#include "lstm_ref/lstm.hpp"
#include "lstm_ref/model.hpp"

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: forward MODEL INPUTS\n";
    return 2;
  }
  const auto model = lstm_ref::Model::open(argv[1]);
  const auto inputs = lstm_ref::InputsFile::open(argv[2], model.config);
  const lstm_ref::LSTM lstm(model);

  const lstm_ref::Config& c = model.config;
  const std::int64_t H = c.hidden_size, R = c.output_size(), D = c.directions();  // R = H without a projection
  std::vector<float> y(inputs.T * inputs.B * D * R), h_n(c.state_rows() * inputs.B * R), c_n(c.state_rows() * inputs.B * H);
  lstm.forward(inputs.view(), {y.data(), h_n.data(), c_n.data()});

  for (const float h : h_n) std::cout << h << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}

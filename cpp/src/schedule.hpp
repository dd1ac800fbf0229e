// How the threads of a call share out its work. No bit of any output depends on it: every value is computed by one thread, in the
// order of the specification (N3), whichever thread it is.
#pragma once

#include <list>
#include <vector>

#include "sequence.hpp"

namespace lstm_ref {

// `groups` row groups; for each, `lanes` teams side by side, over directions or layers; `members` threads in each team.
struct Plan {
  std::int64_t groups, lanes, members;

  std::int64_t threads() const { return groups * lanes * members; }
};

template <class Real>
Plan make_plan(const Call<Real>& call, std::int64_t most_threads);

// A call with all the memory that it needs.
template <class Real>
class Schedule {
 public:
  Schedule(const Call<Real>& call, const Plan& plan);

  int threads() const { return static_cast<int>(workers_.size()); }

  // The part of one thread. All parts must be under way at the same time.
  void run(int part) { workers_[part].run(); }

 private:
  std::list<RowGroup> groups_;
  std::list<Team<Real>> teams_;
  std::vector<Worker<Real>> workers_;
};

}  // namespace lstm_ref

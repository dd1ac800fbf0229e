package main

import "time"

const (
	sampleSeconds = 50e-6 // how long one sample lasts at least: so long that reading the clock is nothing
	leastSamples  = 5
	mostSamples   = 1000
)

// sample runs work for about `seconds`, and a fifth of that beforehand to warm up. A sample is the seconds of one run,
// measured over as many as fill a sample's time: one, when a run takes that long by itself. (As bench/cpp/timing.hpp.)
func sample(seconds float64, work func()) []float64 {
	start := time.Now()
	now := func() float64 { return time.Since(start).Seconds() }
	timeRuns := func(runs int) float64 {
		begin := now()
		for range runs {
			work()
		}
		return now() - begin
	}
	enough := max(sampleSeconds, seconds/mostSamples)
	runs := 1
	for {
		took := timeRuns(runs)
		if took >= enough && now() >= seconds/5 {
			break
		}
		if took < enough/16 {
			runs *= 8
		} else if took < enough {
			runs = int(1.2*float64(runs)*enough/took) + 1
		}
	}
	var samples []float64
	for end := now() + seconds; len(samples) < leastSamples || now() < end && len(samples) < mostSamples; {
		samples = append(samples, timeRuns(runs)/float64(runs))
	}
	return samples
}

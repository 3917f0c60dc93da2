// Checks a history.jsonl of one register with Porcupine and prints what it cost:
//
//	porcupine HISTORY SECONDS MEGABYTES
//
// Failed operations are left out and unknown outcomes return at the end, as Porcupine's own tests have
// it. Gives up after so many seconds, or once the heap is larger than so many megabytes.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

const never = -1

type event struct {
	Process int             `json:"process"`
	Type    string          `json:"type"`
	F       string          `json:"f"`
	Value   json.RawMessage `json:"value"`
}

type input struct {
	f   string
	old int
	new int
}

type output struct {
	known bool
	value int
}

var register = porcupine.Model{
	Init: func() interface{} { return never },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		holds, asked, got := state.(int), in.(input), out.(output)
		switch asked.f {
		case "read":
			return !got.known || got.value == holds, holds
		case "write":
			return true, asked.new
		default:
			if holds == asked.old {
				return true, asked.new
			}
			return !got.known, holds
		}
	},
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(raw json.RawMessage) int {
	if len(raw) == 0 || string(raw) == "null" {
		return never
	}
	value, err := strconv.Atoi(string(raw))
	must(err)
	return value
}

func ask(e event) input {
	switch e.F {
	case "cas":
		var pair []json.RawMessage
		must(json.Unmarshal(e.Value, &pair))
		return input{f: e.F, old: number(pair[0]), new: number(pair[1])}
	case "write":
		return input{f: e.F, new: number(e.Value)}
	default:
		return input{f: e.F}
	}
}

func read(path string) []porcupine.Event {
	file, err := os.Open(path)
	must(err)
	var events []event
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var e event
		must(json.Unmarshal(lines.Bytes(), &e))
		events = append(events, e)
	}
	must(lines.Err())
	// What became of each invocation, by the place of the invocation.
	ends, open := map[int]int{}, map[int]int{}
	for i, e := range events {
		if e.Type == "invoke" {
			open[e.Process] = i
		} else {
			ends[open[e.Process]] = i
		}
	}
	var history, last []porcupine.Event
	id := map[int]int{}
	for i, e := range events {
		if e.Type == "invoke" {
			end, ended := ends[i]
			if ended && events[end].Type == "fail" {
				continue
			}
			number := len(id)
			id[i] = number
			history = append(history, porcupine.Event{
				ClientId: e.Process, Kind: porcupine.CallEvent, Value: ask(e), Id: number,
			})
			if !ended || events[end].Type == "info" {
				last = append(last, porcupine.Event{
					ClientId: e.Process, Kind: porcupine.ReturnEvent, Value: output{}, Id: number,
				})
			}
			open[e.Process] = i
		} else if number, ok := id[open[e.Process]]; ok && e.Type == "ok" {
			got := output{known: true}
			if e.F == "read" {
				got.value = value(e)
			}
			history = append(history, porcupine.Event{
				ClientId: e.Process, Kind: porcupine.ReturnEvent, Value: got, Id: number,
			})
		}
	}
	return append(history, last...)
}

func value(e event) int { return number(e.Value) }

func main() {
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	must(err)
	megabytes, err := strconv.ParseUint(os.Args[3], 10, 64)
	must(err)
	history := read(os.Args[1])
	begun := time.Now()
	var peak atomic.Uint64
	go func() {
		for range time.Tick(50 * time.Millisecond) {
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			if now := memory.HeapAlloc >> 20; now > peak.Load() {
				peak.Store(now)
			}
			if peak.Load() > megabytes {
				fmt.Printf("memory %.4f %d\n", time.Since(begun).Seconds(), peak.Load())
				os.Exit(0)
			}
		}
	}()
	limit := time.Duration(seconds * float64(time.Second))
	result := porcupine.CheckEventsTimeout(register, history, limit)
	words := map[porcupine.CheckResult]string{
		porcupine.Ok: "valid", porcupine.Illegal: "invalid", porcupine.Unknown: "time",
	}
	fmt.Printf("%s %.4f %d\n", words[result], time.Since(begun).Seconds(), peak.Load())
}

package main

import (
	"fmt"
	"slices"
	"strings"
)

// table prints the figures of both modules side by side, in markdown.
func table(plugin, e2e *figures) string {
	text := "| | the plugin | e2e |\n|---|---|---|\n"
	for _, row := range []struct {
		name string
		cell func(*figures) string
	}{
		{"rooms (packages)", func(f *figures) string { return fmt.Sprint(len(f.rooms)) }},
		{"files, without tests", func(f *figures) string { return fmt.Sprint(len(f.files)) }},
		{"their lines", func(f *figures) string { return fmt.Sprint(total(f.files)) }},
		{"median file, lines", func(f *figures) string { return fmt.Sprint(median(f.files)) }},
		{"largest file, lines", func(f *figures) string { return largest(f.files) }},
		{"largest room, files", func(f *figures) string { return largest(f.perRoom()) }},
		{"functions", func(f *figures) string { return fmt.Sprint(len(f.functions)) }},
		{"median function, lines", func(f *figures) string { return fmt.Sprint(median(f.functions)) }},
		{"longest function, lines", func(f *figures) string { return largest(f.functions) }},
		{"comments, of the lines that are not empty", func(f *figures) string { return percent(f.comments, f.lines) }},
		{"letters of an exported name, mean", func(f *figures) string { return mean(f.exported) }},
		{"letters of a declared name, mean", func(f *figures) string { return mean(f.declared) }},
		{"files of tests", func(f *figures) string { return fmt.Sprint(len(f.tests)) }},
		{"their lines", func(f *figures) string { return fmt.Sprint(total(f.tests)) }},
		{"largest file of tests, lines", func(f *figures) string { return largest(f.tests) }},
		{"tests : source, lines", func(f *figures) string { return ratio(total(f.tests), total(f.files)) }},
		{"tests", func(f *figures) string { return fmt.Sprint(len(f.testNames)) }},
		{"letters of a test's name, mean", func(f *figures) string { return mean(f.testNames) }},
	} {
		text += fmt.Sprintf("| %s | %s | %s |\n", row.name, row.cell(plugin), row.cell(e2e))
	}
	return text
}

func (f *figures) perRoom() []named {
	count := map[string]int{}
	for _, file := range f.files {
		room := "."
		if i := strings.LastIndexByte(file.name, '/'); i >= 0 {
			room = file.name[:i]
		}
		count[room]++
	}
	var rooms []named
	for room, n := range count {
		rooms = append(rooms, named{room, n})
	}
	return rooms
}

func total(all []named) int {
	sum := 0
	for _, one := range all {
		sum += one.size
	}
	return sum
}

// median is the middle one by size; of two, the smaller.
func median(all []named) int {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(all), bySize)
	return sorted[(len(sorted)-1)/2].size
}

func largest(all []named) string {
	if len(all) == 0 {
		return "0"
	}
	found := slices.MaxFunc(all, bySize)
	return fmt.Sprintf("%d (%s)", found.size, found.name)
}

func mean(all []int) string {
	if len(all) == 0 {
		return "0"
	}
	sum := 0
	for _, n := range all {
		sum += n
	}
	return fmt.Sprintf("%.1f, of %d", float64(sum)/float64(len(all)), len(all))
}

func percent(part, whole int) string {
	if whole == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(part)/float64(whole))
}

func ratio(a, b int) string {
	if b == 0 {
		return "0"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

package binary

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// held is a lock that this process has. Its file says who that is.
type held struct {
	file *os.File // nil where files cannot be locked
}

// holder is who builds, for those who wait. Every field may be unknown.
type holder struct {
	PID    int    // of the process
	From   string // the folder that it was started in
	Folder string // the folder that it works in; one that its end leaves is removed by the next build
}

// says writes who this process is into the lock's file, and the folder that it
// works in. Those who wait can do without, so that it cannot fail.
func (h *held) says(folder string) {
	if h.file == nil {
		return
	}
	from, _ := os.Getwd()
	text, err := json.Marshal(holder{PID: os.Getpid(), From: from, Folder: folder})
	if err != nil {
		return
	}
	if err := h.file.Truncate(0); err == nil {
		_, _ = h.file.WriteAt(append(text, '\n'), 0)
	}
}

// unlock gives the lock back. The file stays, empty: one that is removed could be
// locked by a process that has it open already, and made anew by another.
func (h *held) unlock() {
	if h.file == nil {
		return
	}
	_ = h.file.Truncate(0)
	_ = h.file.Close()
}

// holderOf reads who holds the lock of a file. What a process has written that is
// not there any more is not believed: the holder has not written yet, or is of a
// version that writes nothing. Then the system is asked.
func holderOf(file *os.File) holder {
	var h holder
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 64<<10))
	if err != nil || json.Unmarshal(text, &h) != nil || h.PID <= 0 || !alive(h.PID) {
		h = holder{}
	}
	if h.PID == 0 {
		h.PID = lockedBy(file)
	}

	return h
}

func (h holder) String() string {
	said := []string{"process unknown"}
	if h.PID != 0 {
		said[0] = fmt.Sprintf("process %d", h.PID)
	}
	if h.From != "" {
		said = append(said, "started in "+h.From)
	}
	if h.Folder != "" {
		said = append(said, "building in "+h.Folder)
	}

	return strings.Join(said, ", ")
}

// advice is what one who waits for the lock at path can do about it.
func (h holder) advice(path string) string {
	end := fmt.Sprintf("kill %d", h.PID)
	if h.PID == 0 {
		end = "`fuser` with that path finds it"
	}

	return fmt.Sprintf("  It holds %s, until it ends in any way: no file has to be removed.\n"+
		"  Should it hang, end it (%s), and this build goes on by itself.\n", path, end)
}

// Package files answers: which files of Traefik's machine may a secret be read from? It
// reads them, and says what is wrong in the text of a fault. It knows no configuration.
package files

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Where file: may read: below folders that the operator of Traefik chose, or by
// default below the one that is named for the plugin, and directly in the one where
// Docker mounts secrets. Below the latter, clouds and service meshes mount tokens of
// Traefik itself (Kubernetes, AWS, Azure, Istio …), each in a folder of its own.
const (
	FoldersName  = "UPSTREAMAUTH_FILES" // the operator's folders, separated by colons
	OwnFolder    = "/etc/upstreamauth"
	SharedFolder = "/run/secrets"

	maxSecretFile = 64 << 10 // bytes
)

// Folder is one that file: may read in.
type Folder struct {
	Path   string // clean
	Direct bool   // only the files directly in it, not those of folders below
}

// Read returns a file's content without the line end at its end, or the text of
// a fault.
//
// The path as written must lie in an allowed folder, so that no path can be tried
// to find out which files exist elsewhere. The path that it resolves to must lie
// there too, so that no symbolic link leads out. Links that stay in an allowed
// folder are needed: Kubernetes mounts each secret as one.
//
// named tells whether the operator chose the folders, for the fault.
func Read(path string, folders []Folder, named bool) (content, problem string) {
	if !filepath.IsAbs(path) {
		return "", "file: takes an absolute path, as in file:/run/secrets/name"
	}
	if !mayName(filepath.Clean(path), folders) {
		return "", outside(named)
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", "the file is not there, or may not be read"
	}
	if !mayRead(resolved, folders) {
		return "", outside(named)
	}
	// Kubernetes and some clouds mount the service account of Traefik itself below
	// /run/secrets, which the operator may have named.
	if strings.Contains(path, "/serviceaccount/") || strings.Contains(resolved, "/serviceaccount/") {
		return "", "file: does not read the service account that Kubernetes gives to Traefik"
	}
	// Opening a pipe would wait for its writer, and so would Traefik.
	info, err := os.Stat(resolved)
	if err != nil || !info.Mode().IsRegular() {
		return "", "not a regular file"
	}
	content, problem = readBounded(resolved)
	if problem != "" {
		return "", problem
	}
	line := CutLineEnd(content)
	if line == "" {
		return "", "the file is empty"
	}
	return line, ""
}

// CutLineEnd returns a text without the one line end that editors, echo and env files
// put at its end.
func CutLineEnd(text string) string {
	line, ended := strings.CutSuffix(text, "\r\n")
	if !ended {
		line = strings.TrimSuffix(text, "\n")
	}
	return line
}

// readBounded reads a regular file of at most maxSecretFile bytes, or returns the
// text of a fault.
func readBounded(path string) (content, problem string) {
	file, err := os.Open(path)
	if err != nil {
		return "", "the file is not there, or may not be read"
	}
	defer file.Close()
	read, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	if err != nil {
		return "", "the file could not be read"
	}
	if len(read) > maxSecretFile {
		return "", "the file is larger than 64 KiB"
	}
	return string(read), ""
}

// outside is the fault of a file that is in no allowed folder.
func outside(named bool) string {
	text := "file: takes only files below the folders of " + FoldersName
	if !named {
		text += "; where that is not set, those directly in " + SharedFolder + " and those below " + OwnFolder
	}
	return text
}

// Folders lists the allowed folders, as written and with symbolic links resolved: the two
// checks of Read need one each. list is the operator's, if named.
func Folders(list string, named bool) []Folder {
	all := []Folder{}
	if !named {
		all = Allow(all, SharedFolder, true)
		return Allow(all, OwnFolder, false)
	}
	for _, path := range strings.Split(list, ":") {
		if filepath.IsAbs(path) { // else relative to the folder that Traefik was started in, which is not chosen for secrets
			all = Allow(all, path, false)
		}
	}
	return all
}

// Allow adds a folder to those that file: may read in.
func Allow(all []Folder, path string, direct bool) []Folder {
	all = append(all, Folder{Path: filepath.Clean(path), Direct: direct})
	resolved, err := filepath.EvalSymlinks(path)
	if err == nil {
		all = append(all, Folder{Path: resolved, Direct: direct})
	}
	return all
}

// mayName says whether a clean path, as it was written, names a file in one of the
// folders. The slash keeps /run/secretsx from being below /run/secrets.
func mayName(path string, folders []Folder) bool {
	for i := range folders {
		rest, below := strings.CutPrefix(path, strings.TrimSuffix(folders[i].Path, "/")+"/")
		if below && (!folders[i].Direct || !strings.Contains(rest, "/")) {
			return true
		}
	}
	return false
}

// mayRead says whether a path without links leads to a file in one of the folders. A
// volume that Kubernetes mounts there holds its files as links into a folder
// of its own, whose name begins with two dots; they count as files of the volume.
func mayRead(path string, folders []Folder) bool {
	if mayName(path, folders) {
		return true
	}
	version := filepath.Dir(path)
	volume := filepath.Dir(version)
	return strings.HasPrefix(filepath.Base(version), "..") && mayName(volume+"/"+filepath.Base(path), folders)
}

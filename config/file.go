package config

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
	foldersName  = "UPSTREAMAUTH_FILES" // the operator's folders, separated by colons
	ownFolder    = "/etc/upstreamauth"
	sharedFolder = "/run/secrets"

	maxSecretFile = 64 << 10 // bytes
)

// readFile returns a file's content without the line end at its end, or the text of
// a fault.
//
// The path as written must lie in an allowed folder, so that no path can be tried
// to find out which files exist elsewhere. The path that it resolves to must lie
// there too, so that no symbolic link leads out. Links that stay in an allowed
// folder are needed: Kubernetes mounts each secret as one.
func (r *reader) readFile(path string) (content, problem string) {
	if r.unresolved && strings.HasPrefix(path, "/") {
		return "", "" // folders are chosen where Traefik runs, which may be another system
	}
	if !filepath.IsAbs(path) {
		return "", "file: takes an absolute path, as in file:/run/secrets/name"
	}
	folders := r.secretFolders()
	if !mayName(filepath.Clean(path), folders) {
		return "", r.outside()
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", "the file is not there, or may not be read"
	}
	if !mayRead(resolved, folders) {
		return "", r.outside()
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
	line := cutLineEnd(content)
	if line == "" {
		return "", "the file is empty"
	}
	return line, ""
}

// cutLineEnd returns a text without the one line end that editors, echo and env files
// put at its end.
func cutLineEnd(text string) string {
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
func (r *reader) outside() string {
	text := "file: takes only files below the folders of " + foldersName
	_, named := r.lookup(foldersName)
	if !named {
		text += "; where that is not set, those directly in " + sharedFolder + " and those below " + ownFolder
	}
	return text
}

// secretFolders lists the allowed folders, as written and with symbolic links
// resolved: the two checks of readFile need one each.
func (r *reader) secretFolders() []folder {
	if r.folders != nil {
		return r.folders
	}
	r.folders = []folder{}
	list, named := r.lookup(foldersName)
	if !named {
		r.allow(sharedFolder, true)
		r.allow(ownFolder, false)
		return r.folders
	}
	for _, path := range strings.Split(list, ":") {
		if filepath.IsAbs(path) { // else relative to the folder that Traefik was started in, which is not chosen for secrets
			r.allow(path, false)
		}
	}
	return r.folders
}

// allow adds a folder to those that file: may read in.
func (r *reader) allow(path string, direct bool) {
	r.folders = append(r.folders, folder{path: filepath.Clean(path), direct: direct})
	resolved, err := filepath.EvalSymlinks(path)
	if err == nil {
		r.folders = append(r.folders, folder{path: resolved, direct: direct})
	}
}

// mayName says whether a clean path, as it was written, names a file in one of the
// folders. The slash keeps /run/secretsx from being below /run/secrets.
func mayName(path string, folders []folder) bool {
	for i := range folders {
		rest, below := strings.CutPrefix(path, strings.TrimSuffix(folders[i].path, "/")+"/")
		if below && (!folders[i].direct || !strings.Contains(rest, "/")) {
			return true
		}
	}
	return false
}

// mayRead says whether a path without links leads to a file in one of the folders. A
// volume that Kubernetes mounts there holds its files as links into a folder
// of its own, whose name begins with two dots; they count as files of the volume.
func mayRead(path string, folders []folder) bool {
	if mayName(path, folders) {
		return true
	}
	version := filepath.Dir(path)
	volume := filepath.Dir(version)
	return strings.HasPrefix(filepath.Base(version), "..") && mayName(volume+"/"+filepath.Base(path), folders)
}

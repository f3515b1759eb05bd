# Of a shared library only a part may be used, and yet a program loads it whole before main(), with all that it needs:
# Debian's HDF5 brings libcurl, Kerberos and thirty more. A short run spends most of its time on that.

# archive_of(RESULT LIBRARY): the path of the archive (.a) that lies beside a shared library, or else the library itself.
function(archive_of result library)
  string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive "${library}")
  if(EXISTS "${archive}" AND NOT IS_DIRECTORY "${archive}")
    set(library "${archive}")
  endif()
  set(${result} "${library}" PARENT_SCOPE)
endfunction()
